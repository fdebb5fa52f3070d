FROM base AS a
CMD ["x"]
FROM a
CMD ["y"]

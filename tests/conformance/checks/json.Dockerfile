FROM base
CMD []
CMD ["a",

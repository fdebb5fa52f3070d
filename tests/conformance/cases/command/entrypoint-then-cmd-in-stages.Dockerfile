FROM conformance/base:1 AS a
ENTRYPOINT ["e"]
FROM a
CMD ["c"]

FROM conformance/base:1 AS a
CMD a
FROM a
ENTRYPOINT ["e"]

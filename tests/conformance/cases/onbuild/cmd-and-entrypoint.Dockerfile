FROM conformance/base:1 AS a
ONBUILD CMD ["c"]
FROM a
ENTRYPOINT ["e"]

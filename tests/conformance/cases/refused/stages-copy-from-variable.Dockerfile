FROM conformance/base:1 AS a
FROM conformance/base:1
ENV S=a
COPY --from=$S /have/kept /
# says: variable expansion is not supported for --from

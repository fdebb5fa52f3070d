FROM conformance/base:1 AS name
FROM NAME
# says: failed to parse stage name "NAME": invalid reference format: repository name "NAME" must be lowercase

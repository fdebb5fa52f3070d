FROM conformance/base:a:b
# says: failed to parse stage name "conformance/base:a:b": invalid reference format: "conformance/base:a" is not a repository name

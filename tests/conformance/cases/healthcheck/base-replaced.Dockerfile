FROM conformance/full:1
HEALTHCHECK --timeout=2s cmd ["a", "b"]

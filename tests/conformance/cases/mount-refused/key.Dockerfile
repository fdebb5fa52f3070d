FROM conformance/base:1
RUN --mount=targt=/x true
# says: unexpected key 'targt' in 'targt=/x'

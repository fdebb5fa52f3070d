ARG V
FROM base:${V:-latest}
FROM base:${VV:-latest}

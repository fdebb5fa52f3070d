from base AS Aa
FROM base as aa
FROM base AS scratch
FROM base AS context
From base As bb
FROM aa AS cc

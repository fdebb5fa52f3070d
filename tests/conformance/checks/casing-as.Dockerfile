FROM base AS a
Onbuild run x
FROM base As b
from base As c
from base aS d

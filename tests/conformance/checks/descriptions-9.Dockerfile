# check=experimental=all
# 
FROM base as foo
# x
 	 
ARG z

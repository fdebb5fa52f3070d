FROM base
run x

FROM base
FOO x
BAR y

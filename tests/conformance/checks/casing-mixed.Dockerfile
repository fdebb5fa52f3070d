FROM base
CmD ["x"]
cmd ["y"]

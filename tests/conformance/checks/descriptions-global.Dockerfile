# check=experimental=InvalidDefinitionDescription
#nope
ARG x=base
FROM $x

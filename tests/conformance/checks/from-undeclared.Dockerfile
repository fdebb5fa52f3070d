ARG a=base
FROM $aa AS one

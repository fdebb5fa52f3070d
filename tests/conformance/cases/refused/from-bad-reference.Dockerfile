FROM UPPER/Case:tag
# says: failed to parse stage name "UPPER/Case:tag": invalid reference format: repository name "Case" must be lowercase

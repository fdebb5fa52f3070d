FROM UPPER/Case:tag

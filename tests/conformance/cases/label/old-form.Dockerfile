FROM conformance/base:1
LABEL a  b  c
LABEL d "e f"
LABEL g $FROM_BASE

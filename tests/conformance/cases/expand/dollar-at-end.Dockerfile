FROM conformance/base:1
LABEL a=x$ b="$" c=$/x d="a$ b"

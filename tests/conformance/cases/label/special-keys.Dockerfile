FROM conformance/base:1
LABEL __proto__=a constructor=b 1=c a.b/c-d=e

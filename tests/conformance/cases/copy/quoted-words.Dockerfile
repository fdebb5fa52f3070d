FROM conformance/base:1
COPY "a.txt" 'c.md' "/q"/
COPY a\.txt /e\f

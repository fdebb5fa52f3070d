FROM conformance/base:1
COPY a.txt //x//y
COPY a.txt /p/./q/../r
COPY a.txt /z/./
COPY a.txt /../../w

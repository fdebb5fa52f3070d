FROM conformance/base:1
WORKDIR C:\\dir
WORKDIR a\ b

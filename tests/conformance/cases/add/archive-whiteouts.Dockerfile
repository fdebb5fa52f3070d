FROM conformance/base:1
ADD whiteouts.tar /have

from conformance/base:1 As a
From a aS b

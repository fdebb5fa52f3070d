FROM conformance/base:1
ADD above.tar /p
# says: the layer has an entry "../above", which leads out of it

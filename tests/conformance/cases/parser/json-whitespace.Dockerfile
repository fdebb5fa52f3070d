FROM conformance/base:1
CMD   [  "a"  ,  "b"  ]  
SHELL ["a"  ,"b"]
VOLUME [ "/v" ]

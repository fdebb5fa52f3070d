FROM conformance/base:1
ENV A   a b   c
ENV B "quoted"
ENV C '$A' "$A" $A
ENV D x=y
ENV E =
ENV F	t  

FROM conformance/base:1
  LABEL	a=1	 	b=2  
	ENV  	 C   d  e 	
CMD  	 echo  two   blanks  
WORKDIR   /w  
USER	0	

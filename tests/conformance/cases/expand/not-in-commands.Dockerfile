FROM conformance/base:1
ENV A=1
CMD echo $A ${A:-x}
ENTRYPOINT ["$A"]
SHELL ["$A"]
HEALTHCHECK CMD echo $A
ONBUILD LABEL a=$A

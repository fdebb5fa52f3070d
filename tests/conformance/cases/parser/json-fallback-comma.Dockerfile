FROM conformance/base:1
CMD ["a",]
ENTRYPOINT ["a"] b

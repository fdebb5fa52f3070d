FROM conformance/base:1
CMD shell
CMD ["exec"]

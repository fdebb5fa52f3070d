FROM conformance/base:1
CMD [ \
  "a", \
  # comment
  "b" \
]
ENTRYPOINT ["x"]

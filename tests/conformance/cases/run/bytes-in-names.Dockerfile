FROM conformance/base:1
RUN echo x > "$(printf '/\377\376')" && ln -s "$(printf '\200')" /to-bytes

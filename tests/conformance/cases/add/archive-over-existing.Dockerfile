FROM conformance/base:1
RUN mkdir -p /packed/soft /packed/file2 && echo old > /packed/keep && chmod 700 /packed
ADD --chown=1:2 layout.tar /packed
ADD packed.tar /

FROM conformance/base:1
COPY link /followed
COPY link-to-dir /followed-dir
COPY link link-to-dir /both/
COPY dir/rel* /
COPY dir/two dir/two-again /no-longer-linked/
COPY dir /to-have/
COPY a.txt /to-have/through
COPY a.txt /to-nothing
RUN ln -s /have /absolute && ln -s ../have/sub /tmp/relative
COPY a.txt /absolute/through-absolute
COPY have/sub /tmp/relative
WORKDIR /to-have/work

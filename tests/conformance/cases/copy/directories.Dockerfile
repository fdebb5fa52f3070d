FROM conformance/base:1
COPY dir /new
COPY dir /new-with-slash/
COPY dir/ /source-with-slash
COPY have /have
COPY have /deeper/parents/have
COPY dir have /both/
COPY . /all/
COPY dir/empty /empty
COPY dir/sticky dir/sub /

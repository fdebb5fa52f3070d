FROM conformance/base:1
CMD cat <<EOF
ENTRYPOINT echo <<A <<B
LABEL a=<<EOF
ENV b <<EOF
RUN ["echo", "<<EOF"]

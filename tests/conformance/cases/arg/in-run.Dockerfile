FROM conformance/base:1
RUN true
ARG ONE=1 NONE
RUN echo "$ONE[$NONE]" > /one
ENV ONE=env
RUN echo $ONE > /two
ARG GIVEN=default
RUN ["sh", "-c", "echo $GIVEN > /three"]
ARG HTTP_PROXY
RUN true
# build: --build-arg GIVEN=given --build-arg UNUSED=x

# escape=`
from conformance/base:1 as syntax

# a comment between
run echo one && `
    # a comment inside
    echo two > /out

    # empty lines inside are allowed, too

Env A=1 `
    B="2 `
 3" C=`$A
RUN echo "#no comment" > /hash # but this is the shell's
Label back\slash=a\b
CMD ["exec" , "form" ]
ENTRYPOINT [not, json]

FROM conformance/base:1
ENV A="a b"
LABEL a=$A b="$A" c='$A' d="'$A'" e='"$A"' f=x"$A"y'$A'z g="a\"b" h='a\' i="a\b" j=a\ b k="\$A" l=\$A m=\\ n="\\" o="\n"

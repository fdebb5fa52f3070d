FROM conformance/base:1
LABEL a=$PATH b=$FROM_BASE c=$HOME d=$HOSTNAME e=$PWD

FROM conformance/base:1
CMD ["q\"", "\u00e9\ud83d\ude00", "\/", "a\nb\tc", "\\", "$HOME", "é"]

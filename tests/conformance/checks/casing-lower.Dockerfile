from base
run true
Copy a b
CMD ["x"]

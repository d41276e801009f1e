# The page's shell lines for the hit rate, the error rate and the generation times, on the file that is named.
HITS=$(grep "Cache hit" "$1" | wc -l)
MISSES=$(grep "Cache miss" "$1" | wc -l)
echo "scale=2; $HITS / ($HITS + $MISSES) * 100" | bc
TOTAL=$(grep "error_type\|success" "$1" | wc -l)
ERRORS=$(grep "error_type" "$1" | wc -l)
echo "scale=2; $ERRORS / $TOTAL * 100" | bc
grep "generation_time_ms" "$1" |
    awk -F'generation_time_ms=' '{print $2}' |
    awk '{print $1}' |
    sort -n |
    tail -20

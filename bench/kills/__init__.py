"""What holds when processes are killed: `python -m bench.kills` starts runs over HTTP and kills workers and servers."""

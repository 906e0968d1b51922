#!/bin/sh
# The sweep of Hasanzadeh Mofrad and others (HPEC 2020): every strategy with every hashing on 1, 4 and 32 machines. One
# job for each, whose record, ranks and all, goes to OUT/MACHINES-STRATEGY-HASH.json. SBATCH names another submitter.
#
#   sh sweep.sh MODEL INPUT OUT

set -eu
model=${1:?usage: sh sweep.sh MODEL INPUT OUT}
input=${2:?usage: sh sweep.sh MODEL INPUT OUT}
out=${3:?usage: sh sweep.sh MODEL INPUT OUT}
mkdir -p "$out"

for machines in 1 4 32; do
  for strategy in data model data-then-model manager-worker work-stealing; do
    for hash in none input layer both; do
      name=$machines-$strategy-$hash
      if [ -s "$out/$name.json" ]; then continue; fi
      ${SBATCH:-sbatch} --job-name="gossamer-$name" --nodes="$machines" --ntasks-per-node=1 --cpus-per-task=28 \
        --time=00:30:00 --wrap="srun --mpi=${GOSSAMER_PMI:-pmix} --cpus-per-task=28 --cpu-bind=cores --kill-on-bad-exit=1 \
gossamer infer '$model' --input '$input' --rows nonzero --strategy $strategy --hash $hash --redeal never --workers 28 \
--quiet --json >'$out/$name.part' && mv '$out/$name.part' '$out/$name.json'"
    done
  done
done

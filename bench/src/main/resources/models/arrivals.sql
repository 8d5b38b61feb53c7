with pings as (
    select * from silver.pings
)

select
    id,
    _committed_at as committed_at
from pings

-- Which orders break an expectation of the pipeline file?
select
    id,
    user_id,
    status,
    total_amount,
    dq_flags
from orders
where is_active and cardinality(dq_flags) > 0
order by id
limit 100

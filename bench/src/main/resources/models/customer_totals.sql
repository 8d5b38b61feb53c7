with orders as (
    select * from silver.orders
),

active_orders as (
    select
        customer_id,
        total,
        is_paid,
        placed_at
    from orders
    where is_active
),

totals as (
    select
        customer_id,
        count(*) as orders,
        count_if(is_paid) as paid_orders,
        cast(sum(total) as decimal(22, 2)) as total_ordered,
        max(placed_at) as last_ordered_at
    from active_orders
    group by customer_id
)

select
    customer_id,
    orders,
    paid_orders,
    total_ordered,
    last_ordered_at
from totals

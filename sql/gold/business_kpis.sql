with

users as (
    select to_date(created_at) as day_on
    from silver.users
    where is_active
),

orders as (
    select
        to_date(ordered_at) as day_on,
        user_id,
        status,
        total_amount,
        status in ('paid', 'shipped', 'delivered') as is_kept
    from silver.orders
    where is_active
),

transactions as (
    select
        to_date(processed_at) as day_on,
        status
    from silver.transactions
    where is_active and processed_at is not null
),

days as (
    select day_on from users
    union
    select day_on from orders
    union
    select day_on from transactions
),

user_kpis as (
    select
        day_on,
        count(*) as new_users
    from users
    group by day_on
),

order_kpis as (
    select
        day_on,
        count(*) as orders,
        count_if(is_kept) as paid_orders,
        count_if(status = 'cancelled') as cancelled_orders,
        count_if(status = 'returned') as returned_orders,
        sum(if(is_kept, total_amount, 0)) as revenue,
        count(distinct if(is_kept, user_id, null)) as paying_users
    from orders
    group by day_on
),

transaction_kpis as (
    select
        day_on,
        count(*) as payment_attempts,
        count_if(status = 'failed') as failed_payments
    from transactions
    group by day_on
),

day_kpis as (
    select
        days.day_on,
        coalesce(user_kpis.new_users, 0) as new_users,
        coalesce(order_kpis.orders, 0) as orders,
        coalesce(order_kpis.paid_orders, 0) as paid_orders,
        coalesce(order_kpis.cancelled_orders, 0) as cancelled_orders,
        coalesce(order_kpis.returned_orders, 0) as returned_orders,
        coalesce(order_kpis.revenue, 0) as revenue,
        coalesce(order_kpis.paying_users, 0) as paying_users,
        coalesce(transaction_kpis.payment_attempts, 0) as payment_attempts,
        coalesce(transaction_kpis.failed_payments, 0) as failed_payments
    from days
    left join user_kpis on days.day_on = user_kpis.day_on
    left join order_kpis on days.day_on = order_kpis.day_on
    left join transaction_kpis on days.day_on = transaction_kpis.day_on
)

select
    cast(day_on as date) as day_on,
    cast(new_users as bigint) as new_users,
    cast(orders as bigint) as orders,
    cast(paid_orders as bigint) as paid_orders,
    cast(cancelled_orders as bigint) as cancelled_orders,
    cast(returned_orders as bigint) as returned_orders,
    cast(paying_users as bigint) as paying_users,
    cast(revenue as decimal(38, 2)) as revenue,
    -- Rates and averages of a day without orders, or without payments, are null.
    cast(try_divide(revenue, paid_orders) as decimal(38, 2)) as average_order_value,
    cast(try_divide(revenue, paying_users) as decimal(38, 2)) as revenue_per_paying_user,
    cast(try_divide(cancelled_orders, orders) as decimal(9, 4)) as cancellation_rate,
    cast(try_divide(returned_orders, orders) as decimal(9, 4)) as return_rate,
    cast(payment_attempts as bigint) as payment_attempts,
    cast(try_divide(failed_payments, payment_attempts) as decimal(9, 4)) as payment_failure_rate
from day_kpis

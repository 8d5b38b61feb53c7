with

users as (
    select
        id,
        created_at
    from silver.users
    where is_active
),

orders as (
    select
        user_id,
        total_amount,
        ordered_at,
        status in ('paid', 'shipped', 'delivered') as is_kept
    from silver.orders
    where is_active
),

user_orders as (
    select
        user_id,
        count(*) as orders,
        count_if(is_kept) as paid_orders,
        sum(total_amount) as total_ordered,
        sum(if(is_kept, total_amount, 0)) as total_spent,
        avg(if(is_kept, total_amount, null)) as average_order_value,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at,
        min(if(is_kept, ordered_at, null)) as first_paid_at,
        max(if(is_kept, ordered_at, null)) as last_paid_at
    from orders
    group by user_id
),

user_totals as (
    select
        users.id as user_id,
        users.created_at as signed_up_at,
        coalesce(user_orders.orders, 0) as orders,
        coalesce(user_orders.paid_orders, 0) as paid_orders,
        coalesce(user_orders.total_ordered, 0) as total_ordered,
        coalesce(user_orders.total_spent, 0) as total_spent,
        user_orders.average_order_value,
        user_orders.first_ordered_at,
        user_orders.last_ordered_at,
        -- At least 30 days, so that one early order does not promise an order a day.
        greatest(datediff(current_date(), to_date(user_orders.first_paid_at)), 30) as days_as_customer,
        greatest(datediff(current_date(), to_date(user_orders.last_paid_at)), 0) as days_since_paid_order
    from users
    left join user_orders on users.id = user_orders.user_id
),

-- Fixed thresholds, not quantiles: a user's scores depend on that user's rows alone.
user_scores as (
    select
        *,
        case
            when paid_orders = 0 then 0
            when days_since_paid_order <= 7 then 5
            when days_since_paid_order <= 30 then 4
            when days_since_paid_order <= 60 then 3
            when days_since_paid_order <= 90 then 2
            else 1
        end as recency_score,
        case
            when paid_orders >= 8 then 5
            when paid_orders >= 5 then 4
            when paid_orders >= 3 then 3
            when paid_orders >= 2 then 2
            when paid_orders >= 1 then 1
            else 0
        end as frequency_score,
        case
            when paid_orders = 0 then 0
            when total_spent >= 2500 then 5
            when total_spent >= 1200 then 4
            when total_spent >= 500 then 3
            when total_spent >= 150 then 2
            else 1
        end as monetary_score
    from user_totals
),

user_values as (
    select
        *,
        case
            when paid_orders = 0 then 'prospect'
            when recency_score >= 4 and frequency_score >= 4 and monetary_score >= 4 then 'champion'
            when recency_score >= 3 and frequency_score >= 4 then 'loyal'
            when recency_score >= 4 and frequency_score = 1 then 'new'
            when recency_score <= 2 and (frequency_score >= 3 or monetary_score >= 4) then 'at_risk'
            when recency_score = 1 then 'lost'
            else 'regular'
        end as segment,
        case recency_score
            when 5 then 0.90
            when 4 then 0.75
            when 3 then 0.50
            when 2 then 0.30
            when 1 then 0.10
            else 0.00
        end as retention,
        -- Spending of one day as a customer; a prospect has none.
        if(paid_orders = 0, 0, cast(total_spent as decimal(22, 2)) / days_as_customer) as daily_spending
    from user_scores
)

select
    cast(user_id as bigint) as user_id,
    cast(signed_up_at as timestamp) as signed_up_at,
    cast(orders as bigint) as orders,
    cast(paid_orders as bigint) as paid_orders,
    cast(total_ordered as decimal(38, 2)) as total_ordered,
    cast(total_spent as decimal(38, 2)) as total_spent,
    cast(average_order_value as decimal(38, 2)) as average_order_value,
    cast(first_ordered_at as timestamp) as first_ordered_at,
    cast(last_ordered_at as timestamp) as last_ordered_at,
    -- The three scores run from 1 (worst) to 5 (best); 0 means that nothing was bought yet.
    cast(recency_score as int) as recency_score,
    cast(frequency_score as int) as frequency_score,
    cast(monetary_score as int) as monetary_score,
    cast(segment as string) as segment,
    -- A margin of 30 % on what was bought so far, and on a year at the present pace, weighed by the chance of return.
    cast(total_spent * 0.30 as decimal(38, 2)) as historic_clv,
    cast(daily_spending * 365 * 0.30 * retention as decimal(38, 2)) as predicted_clv,
    -- Time alone moves recency: the scores hold for this day, the last on which a change of the user was seen.
    cast(current_date() as date) as scored_on
from user_values

with

orders as (
    select
        ordered_at,
        total_amount,
        status in ('paid', 'shipped', 'delivered') as is_kept
    from silver.orders
    where is_active
),

sales_by_hour as (
    select
        to_date(ordered_at) as sold_on,
        hour(ordered_at) as sold_hour,
        count(*) as orders,
        count_if(is_kept) as paid_orders,
        sum(if(is_kept, total_amount, 0)) as revenue
    from orders
    group by to_date(ordered_at), hour(ordered_at)
),

sales_by_day as (
    select
        sold_on,
        sum(orders) as day_orders,
        sum(revenue) as day_revenue
    from sales_by_hour
    group by sold_on
),

-- Windows over dates, not over rows: a day without orders has no row and counts as zero.
day_trends as (
    select
        sold_on,
        day_orders,
        day_revenue,
        sum(day_revenue) over (
            order by sold_on asc range between 6 preceding and current row
        ) as week_revenue,
        sum(day_revenue) over (
            order by sold_on asc range between 13 preceding and 7 preceding
        ) as week_before_revenue,
        -- The first days have fewer than seven days behind them.
        least(7, datediff(sold_on, min(sold_on) over ()) + 1) as week_days
    from sales_by_day
)

select
    cast(sales_by_hour.sold_on as date) as sold_on,
    cast(sales_by_hour.sold_hour as int) as sold_hour,
    cast(sales_by_hour.orders as bigint) as orders,
    cast(sales_by_hour.paid_orders as bigint) as paid_orders,
    cast(sales_by_hour.revenue as decimal(38, 2)) as revenue,
    -- The columns below describe the day and are the same in each of its hours.
    cast(day_trends.day_orders as bigint) as day_orders,
    cast(day_trends.day_revenue as decimal(38, 2)) as day_revenue,
    cast(day_trends.week_revenue / day_trends.week_days as decimal(38, 2)) as day_revenue_7d_average,
    cast(day_trends.week_revenue as decimal(38, 2)) as week_revenue,
    cast(coalesce(day_trends.week_before_revenue, 0) as decimal(38, 2)) as week_before_revenue,
    -- 0.25 is a quarter more than in the seven days before; null when those brought nothing.
    cast(
        try_divide(day_trends.week_revenue - day_trends.week_before_revenue, day_trends.week_before_revenue)
        as decimal(38, 4)
    ) as week_on_week
from sales_by_hour
inner join day_trends on sales_by_hour.sold_on = day_trends.sold_on

with

products as (
    select
        id,
        name,
        category,
        price,
        stock
    from silver.products
    where is_active
),

orders as (
    select
        id,
        ordered_at,
        status in ('paid', 'shipped', 'delivered') as is_kept,
        status = 'returned' as is_returned
    from silver.orders
    where is_active and status in ('paid', 'shipped', 'delivered', 'returned')
),

order_items as (
    select
        order_id,
        product_id,
        quantity,
        quantity * unit_price as line_amount
    from silver.order_items
    where is_active
),

product_sales as (
    select
        order_items.product_id,
        count(distinct orders.id) as orders,
        sum(order_items.quantity) as units_sold,
        sum(if(orders.is_returned, order_items.quantity, 0)) as units_returned,
        sum(if(orders.is_kept, order_items.line_amount, 0)) as revenue,
        max(orders.ordered_at) as last_sold_at
    from order_items
    inner join orders on order_items.order_id = orders.id
    group by order_items.product_id
),

product_totals as (
    select
        products.id as product_id,
        products.name,
        products.category,
        products.price,
        products.stock,
        coalesce(product_sales.orders, 0) as orders,
        coalesce(product_sales.units_sold, 0) as units_sold,
        coalesce(product_sales.units_returned, 0) as units_returned,
        coalesce(product_sales.revenue, 0) as revenue,
        product_sales.last_sold_at
    from products
    left join product_sales on products.id = product_sales.product_id
),

-- The key breaks ties, so that equal inputs give equal ranks.
product_ranks as (
    select
        *,
        row_number() over (order by units_sold desc, revenue desc, product_id asc) as popularity_rank,
        row_number() over (
            partition by category order by units_sold desc, revenue desc, product_id asc
        ) as category_rank
    from product_totals
)

select
    cast(product_id as string) as product_id,
    cast(name as string) as name,
    cast(category as string) as category,
    cast(price as decimal(12, 2)) as price,
    cast(stock as int) as stock,
    cast(orders as bigint) as orders,
    cast(units_sold as bigint) as units_sold,
    cast(units_returned as bigint) as units_returned,
    cast(revenue as decimal(38, 2)) as revenue,
    -- Null, not zero, for a product that was never sold.
    cast(try_divide(units_returned, units_sold) as decimal(9, 4)) as return_rate,
    -- 1 is the best seller.
    cast(popularity_rank as int) as popularity_rank,
    cast(category_rank as int) as category_rank,
    cast(last_sold_at as timestamp) as last_sold_at
from product_ranks
